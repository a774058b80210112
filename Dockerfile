# The production server. compose.yaml shows how to run it.
FROM node:20-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY packages packages
RUN npm ci --omit=dev --no-audit --no-fund
COPY motia.config.ts ./
COPY src src
COPY steps steps
# Compiles the steps, too: the server then writes nothing outside of /data.
RUN npm run types

FROM node:20-bookworm-slim
RUN install -d -o 1000 -g 1000 /data
WORKDIR /app
COPY --from=build /app ./
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 PETS_DATA_DIR=/data
# The image's user `node`, as a number, so that Kubernetes can see that it is not root.
USER 1000
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1))"]
# Not through npm, so that the server itself gets the SIGTERM of `docker stop`.
CMD ["node", "node_modules/motia-runtime/bin/motia-runtime.mjs", "start"]
