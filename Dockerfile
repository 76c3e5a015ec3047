# One service, two images. `api` has Node and the code: no shell, no package manager, no tools. `worker` has what steps
# run as well: kind, kpt, git and the docker client, and kubectl to look around. docs/deployment.md says what can be replaced.
#
#     docker build --target api -t o2ims-api .
#     docker build --target worker -t o2ims-worker .
#
# The classic builder takes it as well as BuildKit: no mounts, no here-documents, and `api` stands before what only `worker` needs.

ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG API_BASE=gcr.io/distroless/cc-debian12:nonroot
ARG WORKER_BASE=debian:bookworm-slim
# A stage below, or an image that has kind, kpt, kubectl and docker in /tools.
ARG TOOLS=released-tools

FROM ${NODE_IMAGE} AS packages
# Node's binary comes with its symbols: an eighth of it, of use to a debugger only.
RUN apt-get update && apt-get install -y --no-install-recommends binutils && strip /usr/local/bin/node
WORKDIR /app
COPY package.json package-lock.json ./
# No script of a package runs. Node comes with the image. Nobody reads types, source maps, documents and tests here; of client-node one file is used,
# none of its models; what is called bare- is for another engine than Node. Licences stay.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && find node_modules -type f \( -name '*.ts' -o -name '*.cts' -o -name '*.mts' -o -name '*.map' -o -name '*.md' \) ! -iname 'licen[cs]e*' -delete \
 && for folder in .github benchmark benchmarks docs examples test tests; do rm -rf node_modules/*/$folder node_modules/@*/*/$folder; done \
 && rm -rf node_modules/@kubernetes/client-node/dist/gen node_modules/bare-* \
 && mkdir -p /own/data /own/key
COPY bin bin
COPY src src
COPY samples samples
COPY scripts/healthcheck.js scripts/
COPY LICENSE ./
# Reading the code is half of a start: what Node makes of it is kept, for this user, at this path, on processors of this kind. Others do without.
ENV NODE_COMPILE_CACHE=/app/.compile-cache
RUN install -d -o 65532 -g 65532 .compile-cache
USER 65532:65532
# All of it, also what a process loads only when it is needed: a file that is not there would bring the type stripper, 12 MB.
RUN node bin/o2ims.js --version \
 && node --input-type=module --eval "import { globSync } from 'node:fs'; for (const file of globSync('src/**/*.ts')) if (file !== 'src/cli/main.ts') await import('/app/' + file)"

FROM ${API_BASE} AS api
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="o2ims API" \
      org.opencontainers.image.description="O-RAN O2 IMS: the API" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=packages /usr/local/bin/node /usr/local/bin/node
COPY --from=packages /app /app
COPY --from=packages --chown=65532:65532 /own /
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
USER 65532:65532
WORKDIR /app
VOLUME ["/data"]
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["node", "scripts/healthcheck.js", "PORT"]
ENTRYPOINT ["node", "/app/bin/o2ims.js"]
CMD ["serve", "--roles", "api"]

# Of kpt the sources have a checksum; Go verifies what they need with its own.
FROM golang:1.26-bookworm AS kpt
ARG KPT_VERSION=v1.0.0-beta.56
ARG KPT_SHA256=e5fb5a2b06c4f9e49676cfcc292be42b787c3607f75a3cf3050e829803e68c1f
WORKDIR /src
RUN curl -fsSLo /kpt.tar.gz "https://github.com/kptdev/kpt/archive/refs/tags/$KPT_VERSION.tar.gz" \
 && echo "$KPT_SHA256  /kpt.tar.gz" | sha256sum -c - \
 && tar -xzf /kpt.tar.gz --strip-components=1 \
 && CGO_ENABLED=0 go build -trimpath -o /kpt -ldflags "-s -w -X github.com/GoogleContainerTools/kpt/run.version=${KPT_VERSION#v}" \
 && /kpt version | grep -F "${KPT_VERSION#v}"

FROM docker:28-cli AS docker-cli

FROM golang:1.26-bookworm AS released-tools
ARG KIND_VERSION=v0.33.0
ARG KIND_SHA256_AMD64=aee6151561422756b764a4ae28e7f44cda5af5a9eead3cc9985112b1de8d8e0d
ARG KIND_SHA256_ARM64=20022bee6cfcd5086cb7234d218e3454e6090022f2a8f55d1fa7fcf42c3867a2
ARG KUBECTL_VERSION=v1.37.1
ARG KUBECTL_SHA256_AMD64=65691ff77eb6fa44c908b77a1082c9f092c3b9733b5cefabec0d1104890e21a8
ARG KUBECTL_SHA256_ARM64=ff749f4b78d9c4f1ec87307df9b50119ed819e2094aa9810cb9acffc3286c8c7
WORKDIR /tools
RUN set -eu; \
    arch=$(dpkg --print-architecture); \
    case "$arch" in \
      amd64) kind=$KIND_SHA256_AMD64 kubectl=$KUBECTL_SHA256_AMD64 ;; \
      arm64) kind=$KIND_SHA256_ARM64 kubectl=$KUBECTL_SHA256_ARM64 ;; \
      *) echo "there is no checksum of kind and kubectl for $arch" >&2; exit 1 ;; \
    esac; \
    curl -fsSLo kind "https://kind.sigs.k8s.io/dl/$KIND_VERSION/kind-linux-$arch"; \
    curl -fsSLo kubectl "https://dl.k8s.io/release/$KUBECTL_VERSION/bin/linux/$arch/kubectl"; \
    printf '%s  kind\n%s  kubectl\n' "$kind" "$kubectl" | sha256sum -c -; \
    chmod 755 kind kubectl
COPY --from=kpt /kpt ./
COPY --from=docker-cli /usr/local/bin/docker ./

FROM ${TOOLS} AS tools

FROM ${WORKER_BASE} AS worker
# ssh looks its user up. tini ends what a child leaves behind: this process is the first one of its container.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ca-certificates git openssh-client tini \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* \
 && groupadd --gid 65532 nonroot \
 && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /data --shell /usr/sbin/nologin nonroot
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="o2ims worker" \
      org.opencontainers.image.description="O-RAN O2 IMS: the worker, with kind, kpt, kubectl, git and the docker client" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=tools /tools /usr/local/bin
COPY --from=packages /usr/local/bin/node /usr/local/bin/node
COPY --from=packages /app /app
COPY --from=packages --chown=65532:65532 /own /
ENV NODE_ENV=production NODE_COMPILE_CACHE=/app/.compile-cache HOST=0.0.0.0 WORKER_PORT=8081 DATA_DIR=/data HOME=/data
USER 65532:65532
WORKDIR /app
VOLUME ["/data"]
EXPOSE 8081
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s CMD ["node", "scripts/healthcheck.js", "WORKER_PORT"]
ENTRYPOINT ["tini", "--", "node", "/app/bin/o2ims.js"]
CMD ["serve", "--roles", "worker"]
