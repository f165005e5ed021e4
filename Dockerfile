# The one image of rapt-bridge: for Docker, and for the Home Assistant add-on.
#
#   docker build --build-arg VERSION=0.2.0 -t rapt-bridge .
#   docker run --rm --read-only --cap-drop ALL --security-opt no-new-privileges -p 8099:8099 rapt-bridge demo
#
# It is compiled on the building machine for the platform that is asked for, so that no emulation is needed. BuildKit
# gives BUILDPLATFORM, TARGETOS and TARGETARCH; Docker's older builder gives none of them and takes them as build
# arguments, or builds for the machine that it runs on.

FROM --platform=${BUILDPLATFORM:-linux} golang:1.26 AS build

# Set where modules can't be fetched from the usual place.
ARG GOPROXY

WORKDIR /src
COPY . .

ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
# The flags are those of `make build`, so that the image holds the program that was tested and measured.
RUN GOOS="${TARGETOS:-linux}" GOARCH="${TARGETARCH:-$(go env GOARCH)}" CGO_ENABLED=0 \
    go build -trimpath -tags timetzdata -ldflags "-s -w -X main.version=${VERSION}" -o /rapt-bridge ./cmd/rapt-bridge && \
    go clean -cache -modcache

FROM scratch

COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /rapt-bridge /

# Its own default for http.listen: inside a container, loopback is reached by nobody.
ENV RAPT_BRIDGE_CONTAINER=1

# No user of any system. In the add-on too: the Supervisor writes /data/options.json for root alone, so the bridge asks
# the Supervisor for its options there.
USER 65532:65532

EXPOSE 8099

# /healthz tells of a loop that stands still after 20 s, and a process that is frozen for 20 s doesn't answer: one check is
# enough, and red within 30 s.
HEALTHCHECK --interval=10s --timeout=20s --start-period=90s --retries=1 CMD ["/rapt-bridge", "healthcheck"]

ENTRYPOINT ["/rapt-bridge"]

ARG VERSION=dev
ARG REVISION
LABEL org.opencontainers.image.title="rapt-bridge" \
      org.opencontainers.image.description="RAPT brewing devices in Home Assistant, over MQTT" \
      org.opencontainers.image.url="https://github.com/rapt-bridge/rapt-bridge" \
      org.opencontainers.image.documentation="https://github.com/rapt-bridge/rapt-bridge#readme" \
      org.opencontainers.image.source="https://github.com/rapt-bridge/rapt-bridge" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      io.hass.version="${VERSION}" \
      io.hass.type="app" \
      io.hass.arch="aarch64|amd64"
