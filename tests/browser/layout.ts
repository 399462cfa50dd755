import type { Page } from "playwright-core";

/**
 * What is wrong with a page's layout, a line each: it scrolls sideways, texts or controls overlap
 * or stick out of their frame, or something to press is too small for a finger. Anything behind a
 * modal is ignored.
 */
export function layoutFlaws(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    interface Frame {
      hidden: boolean;
      /** its fixed or sticky ancestor, which does not scroll with the rest */
      stuck: Element | null;
      /** the most of it that can be visible */
      clip: DOMRect | null;
      /** the nearest box with a border around it */
      border: Element | null;
    }
    interface Box {
      element: Element;
      name: string;
      left: number;
      right: number;
      top: number;
      bottom: number;
      frame: Frame;
    }
    const flaws: string[] = [];
    const named = (element: Element) =>
      `${element.tagName.toLowerCase()}${element.id && `#${element.id}`} “${(element.textContent ?? "").trim().slice(0, 40)}”`;

    for (const scroller of document.querySelectorAll("html, dialog")) {
      if (scroller.scrollWidth > scroller.clientWidth) {
        flaws.push(
          `${named(scroller)} scrolls sideways: ${scroller.scrollWidth} in ${scroller.clientWidth}`,
        );
      }
    }

    const frames = new Map<Element, Frame>();
    const frameOf = (element: Element): Frame => {
      const known = frames.get(element);
      if (known) return known;
      const style = getComputedStyle(element);
      const around: Frame = element.parentElement
        ? frameOf(element.parentElement)
        : { hidden: false, stuck: null, clip: null, border: null };
      const isFixed = style.position === "fixed";
      const box = element.getBoundingClientRect();
      const inner =
        style.overflowX === "visible" || element === document.documentElement ? null : box;
      const outer = isFixed ? null : around.clip;
      const frame: Frame = {
        hidden:
          around.hidden ||
          style.clipPath.startsWith("inset(50%") ||
          element.hasAttribute("inert") ||
          !element.checkVisibility({ visibilityProperty: true }),
        stuck: isFixed || style.position === "sticky" ? element : around.stuck,
        clip: inner && outer ? intersection(inner, outer) : (inner ?? outer),
        border: parseFloat(style.borderLeftWidth) > 0 ? element : around.border,
      };
      frames.set(element, frame);
      return frame;
    };
    const intersection = (one: DOMRect, other: DOMRect) => {
      const [left, top] = [Math.max(one.left, other.left), Math.max(one.top, other.top)];
      return new DOMRect(
        left,
        top,
        Math.max(0, Math.min(one.right, other.right) - left),
        Math.max(0, Math.min(one.bottom, other.bottom) - top),
      );
    };

    const boxes: Box[] = [];
    /** @param ascent the part of its height, above and below, that letters do not fill */
    const add = (element: Element, name: string, rect: DOMRect, ascent: number) => {
      const frame = frameOf(element);
      if (frame.hidden) return;
      const seen = frame.clip ? intersection(rect, frame.clip) : rect;
      if (seen.width < 2 || seen.height < 2) return;
      const border = frame.border === element ? null : frame.border?.getBoundingClientRect();
      if (border && (seen.right > border.right + 1 || seen.left < border.left - 1)) {
        flaws.push(`${name} sticks out of ${named(frame.border!)}`);
      }
      const { left, right } = seen;
      const [top, bottom] = [seen.top + ascent * seen.height, seen.bottom - ascent * seen.height];
      boxes.push({ element, name, left, right, top, bottom, frame });
    };
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const text = node.nodeValue!.trim();
      const element = node.parentElement!;
      if (text === "" || element.closest("script, style, title, option, textarea")) continue;
      range.selectNodeContents(node);
      for (const rect of range.getClientRects()) add(element, `“${text.slice(0, 40)}”`, rect, 0.2);
    }
    const solid = "input:not([type=hidden]), select, textarea, audio, img, svg, .button, .chip";
    for (const element of document.querySelectorAll(solid)) {
      add(element, named(element), element.getBoundingClientRect(), 0);
    }

    boxes.sort((one, other) => one.top - other.top);
    boxes.forEach((box, index) => {
      for (const other of boxes.slice(index + 1)) {
        if (other.top > box.bottom - 1) break;
        const isBeside = other.left > box.right - 1 || box.left > other.right - 1;
        const isWithin = box.element.contains(other.element) || other.element.contains(box.element);
        if (isBeside || isWithin || box.frame.stuck !== other.frame.stuck) continue;
        flaws.push(`${box.name} and ${other.name} lie on each other`);
      }
    });

    const pressed = "a, button, input:not([type=hidden]), select, textarea, summary, label.row";
    for (const element of document.querySelectorAll(pressed)) {
      // A row is pressed as a whole, the skip link is for the keyboard, and links within a sentence
      // are only as high as it.
      if (frameOf(element).hidden || element.matches(".row *, .skip-link")) continue;
      const around = element.closest("p, li, dt, dd, td")?.textContent?.trim();
      const isInSentence =
        getComputedStyle(element).display === "inline" && around !== element.textContent?.trim();
      const { width, height } = element.getBoundingClientRect();
      if (!isInSentence && (height < 43.9 || width < 24)) {
        flaws.push(
          `${named(element)} is ${Math.round(width)} by ${Math.round(height)} pixels small`,
        );
      }
    }
    return [...new Set(flaws)];
  });
}
