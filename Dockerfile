# docs/deploy.md, "Docker", says how to build and run it.
ARG NODE_VERSION=24.11.1

# The full image has the compiler that sqlite3 is built with.
FROM node:${NODE_VERSION}-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json ./
# From source, since a binary built elsewhere may want a newer C library than the final image has.
RUN npm_config_build_from_source=true npm ci --no-audit --no-fund
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:${NODE_VERSION}-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
# Owned by root, so that the process cannot change its own code. The sources stay behind: only their build is copied.
COPY --from=build /app/package.json ./
COPY --from=build /app/scripts scripts
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/build build
# For SQLite: mount a volume here, or use PostgreSQL.
RUN install -d -o node -g node -m 700 data
USER node
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=2s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# What `npm start` runs; npm itself would come between Docker's SIGTERM and the server.
CMD ["node", "scripts/run.js", "start"]
