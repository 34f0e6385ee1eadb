# The app of this folder in a container, on the engine of this package and without the Functions host.
#
# docker build -t durable-app .
# docker run -p 8080:8080 -e AzureWebJobsStorage="$STORAGE" -e DURABLE_MASTER_KEY="$KEY" durable-app
#
# Callers need keys, but for anonymous functions: docs/security.md has the settings. With --no-auth at the end of the last
# line they need none; then let only a proxy reach the port that checks callers.
FROM node:22-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build
# For the package of this repository `@azure/functions` is for development; for an app it is a dependency.
RUN npm pkg delete devDependencies.@azure/functions && npm pkg set dependencies.@azure/functions=^4.5.0
RUN npm install --omit=dev --no-audit && node dist/cli/main.js pack --check

FROM node:22-slim
WORKDIR /app
ENV NODE_ENV=production PORT=8080
COPY --from=build /app/package.json /app/host.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
USER node
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD node -e "fetch('http://localhost:'+process.env.PORT+'/admin/host/ping').then((r)=>process.exit(r.ok?0:1),()=>process.exit(1))"
# Without an account the host would ask for Azurite, which is not in the image. As the first process, node gets the
# SIGTERM of `docker stop` itself.
CMD ["sh", "-c", "exec node dist/cli/main.js start --address 0.0.0.0 --port \"$PORT\" --no-replay-check"]
