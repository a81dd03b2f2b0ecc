# One image for every service: `oncepost scheduler`, `oncepost worker --channel …`, `oncepost api`, and so on.
# Both bases are pinned by tag and digest, and are of the same Debian, so that the C library is too.
ARG BUILDER=docker.io/library/rust:1.95.0-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082
ARG BASE=gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f

# What cargo needs to know all dependencies, and nothing that changes when code does: manifests, and stubs in the place of sources.
FROM ${BUILDER} AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name Cargo.toml ! -name Cargo.lock ! -path '*/src/lib.rs' ! -path '*/src/main.rs' ! -path '*/src/bin/*.rs' \
        ! -name build.rs -delete \
    && find . -name '*.rs' -exec sh -c 'echo "fn main() { }" >"$1"' stub {} \;

FROM ${BUILDER} AS build
WORKDIR /src
# jemalloc is built by it.
RUN apt-get update && apt-get install -y --no-install-recommends make=4.3-4.1 && rm -rf /var/lib/apt/lists/*
# Symbols stay, for backtraces; line tables would be most of the image.
ENV CARGO_PROFILE_RELEASE_STRIP=debuginfo
# Dependencies: a layer that stands until a manifest changes.
COPY --from=manifests /src .
RUN cargo build --release --locked -p oncepost
COPY . .
# The sources are older than the stubs' builds; cargo goes by time.
RUN find . -name '*.rs' -exec touch {} + \
    && cargo build --release --locked -p oncepost

# What it is built of, for whoever must know whether a new vulnerability is in it.
FROM ${BUILDER} AS contents
WORKDIR /src
COPY --from=manifests /src .
COPY deploy/supply/cyclonedx.sh deploy/supply/
RUN deploy/supply/cyclonedx.sh /oncepost.cdx.json /opt/tools

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="oncepost" \
      org.opencontainers.image.description="A distributed publisher for scheduled social posts that neither misses nor duplicates" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="gcr.io/distroless/cc-debian12:nonroot" \
      oncepost.sbom="/usr/share/doc/oncepost/oncepost.cdx.json"
COPY LICENSE /usr/share/doc/oncepost/LICENSE
COPY --from=contents /oncepost.cdx.json /usr/share/doc/oncepost/oncepost.cdx.json
COPY --from=build /src/target/release/oncepost /usr/local/bin/oncepost
# By number: Kubernetes cannot see that a name is not root's.
USER 65532:65532
# API and console; probes and metrics.
EXPOSE 8380 8390
# Probes ask over HTTP (/healthz, /readyz), so there is no HEALTHCHECK: the image has no shell and no client for one.
ENTRYPOINT ["/usr/local/bin/oncepost"]
CMD ["--help"]
