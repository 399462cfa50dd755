import { environment } from "#app/env.server.ts";

/**
 * The web app manifest, for adding the service to a home screen (W3C, "Web Application Manifest").
 */
export function loader(): Response {
  const { SITE_NAME } = environment();
  const icon = (size: number) => ({
    src: `/icon-${size}.png`,
    sizes: `${size}x${size}`,
    type: "image/png",
  });
  const manifest = {
    name: SITE_NAME,
    start_url: "/dashboard",
    scope: "/",
    display: "browser",
    background_color: "#f5f6f7",
    theme_color: "#0b6157",
    icons: [icon(192), icon(512)],
  };
  return new Response(JSON.stringify(manifest), {
    headers: { "Content-Type": "application/manifest+json", "Cache-Control": "no-cache" },
  });
}
