/**
 * Making a web Request or Response costs more than all the rest of a JSON API answer: each brings
 * an AbortController or a stream. A light one is made in full only when asked for something that it
 * does not know.
 */

type Known<T> = Readonly<Partial<T>>;

/**
 * Light instances of a class: `known` is what they can tell at once; `make` is called at most once,
 * for the full one.
 */
export type LightClass<T> = new (known: Known<T>, make: () => T) => T;

/** @param type a class whose properties are all getters and methods, as in the web's classes */
export function lightOf<T extends object>(type: { prototype: T }): LightClass<T> {
  class Light {
    readonly #known: Known<T>;
    readonly #make: () => T;
    #whole: T | undefined;

    constructor(known: Known<T>, make: () => T) {
      this.#known = known;
      this.#make = make;
    }

    static get(of: Light, name: keyof T): unknown {
      return name in of.#known ? of.#known[name] : Light.whole(of)[name];
    }

    static whole(of: Light): T {
      return (of.#whole ??= of.#make());
    }
  }
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(type.prototype))) {
    if (name === "constructor") continue;
    const key = name as keyof T;
    Object.defineProperty(
      Light.prototype,
      name,
      "get" in property
        ? {
            get(this: Light) {
              return Light.get(this, key);
            },
          }
        : {
            value(this: Light, ...given: unknown[]) {
              const whole = Light.whole(this);
              return (whole[key] as (...given: unknown[]) => unknown).apply(whole, given);
            },
          },
    );
  }
  const { constructor } = Object.setPrototypeOf(Light.prototype, type.prototype) as {
    constructor: LightClass<T>;
  };
  return constructor;
}
