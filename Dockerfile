FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image is Node 24 already, so the copy of Node that laptops get from the registry goes; and of the inference
# runtime's binaries only this platform's stay.
RUN npm ci --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/node node_modules/.bin/node node_modules/node-bin-* \
  && find node_modules/onnxruntime-node/bin -mindepth 2 -maxdepth 2 -type d \
    ! -path "*/$(node -p process.platform)" -prune -exec rm -rf {} + \
  && find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 -type d \
    ! -name "$(node -p process.arch)" -prune -exec rm -rf {} +

FROM node:24-bookworm-slim
ENV NODE_ENV=production DATA_DIR=/data HTTP_HOST=0.0.0.0
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY commands ./commands
COPY proto/gen ./proto/gen
COPY src ./src
COPY triton-models/demo/model ./triton-models/demo/model
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.HTTP_PORT || 3000) + '/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/cli.ts", "serve"]
