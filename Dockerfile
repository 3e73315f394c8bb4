# Build: python3 and pip stay behind, only the finished environment moves on.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY deploy/requirements.txt deploy/requirements.txt
RUN python3 -m venv /opt/exporter \
    && /opt/exporter/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r deploy/requirements.txt
COPY pyproject.toml README.md ./
COPY exporter exporter
RUN /opt/exporter/bin/pip install --no-cache-dir --no-deps . \
    && /opt/exporter/bin/python -m compileall -q /opt/exporter/lib

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="cloudstack-network-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the network issues of Apache CloudStack" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/exporter /opt/exporter
COPY config/exporter.example.yml /usr/share/doc/cloudstack-network-exporter/exporter.example.yml
ENV PYTHONUNBUFFERED=1
USER 65534:65534
EXPOSE 10061
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/opt/exporter/bin/python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:10061/-/healthy', timeout=4)"]
ENTRYPOINT ["/opt/exporter/bin/cloudstack-network-exporter"]
CMD ["--config.file=/etc/cloudstack-network-exporter/config.yml", "--web.listen-address=:10061"]
