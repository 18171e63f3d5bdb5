# syntax=docker/dockerfile:1
# One target for each part: docker build --target collector -t ai4k8s-collector .
#
# Every part is installed by deploy/images/install.sh from its own hash-locked requirements; the same script makes the
# environments in which the test suite imports each part. Node comes as a locked wheel, so there is one base image.
# Pin it: --build-arg PYTHON_DIGEST=sha256:...
ARG PYTHON_TAG=3.11-slim-bookworm
ARG PYTHON_DIGEST=

FROM python:${PYTHON_TAG}${PYTHON_DIGEST:+@${PYTHON_DIGEST}} AS base
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]

# ---- what builds -----------------------------------------------------------------------------------------------------
FROM base AS tools
COPY requirements/bootstrap.txt requirements/build.txt requirements/
RUN python -m venv /tools && \
    /tools/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
      --requirement requirements/bootstrap.txt --requirement requirements/build.txt
ENV UV=/tools/bin/uv UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_DOWNLOADS=never

FROM base AS page
COPY requirements/node.txt requirements/
RUN python -m venv /node && \
    /node/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements/node.txt
ENV PATH=/node/bin:$PATH
WORKDIR /build/services/gateway/web
COPY services/gateway/web/package.json services/gateway/web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY services/gateway/openapi.json ../openapi.json
COPY services/gateway/web ./
RUN npm run build

FROM tools AS wheels
WORKDIR /build
COPY LICENSE ./
COPY deploy/images deploy/images
COPY requirements requirements
COPY libs libs
COPY services services
COPY --from=page /build/services/gateway/src/ai4k8s_gateway/static services/gateway/src/ai4k8s_gateway/static
RUN PYTHON=/tools/bin/python deploy/images/wheels.sh /wheels

# ---- what runs -------------------------------------------------------------------------------------------------------
FROM base AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="AI4K8s" \
      org.opencontainers.image.description="Knows what Kubernetes clusters are about to need, and scales before demand arrives." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN groupadd --gid 10001 ai4k8s && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ai4k8s
COPY --chmod=0755 deploy/images/sign.sh /usr/local/bin/ai4k8s-sign
# REMAP_SIGTERM: a worker that is told to stop gives a running task 10 s and then hands it back, instead of holding up
# a node's drain for as long as the longest task may take.
ENV PATH=/opt/ai4k8s/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    REMAP_SIGTERM=SIGQUIT \
    AI4K8S_HEALTH_DIRECTORY=/tmp/ai4k8s
WORKDIR /tmp
USER 10001:10001
STOPSIGNAL SIGTERM

FROM runtime AS worker
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["ai4k8s-sign", "alive"]
CMD ["--queue", "cycle"]

FROM wheels AS install-collector
RUN --mount=type=cache,target=/root/.cache/uv PYTHON=/usr/local/bin/python deploy/images/install.sh collector /opt/ai4k8s /wheels

FROM worker AS collector
COPY --from=install-collector /opt/ai4k8s /opt/ai4k8s
ENTRYPOINT ["python", "-m", "ai4k8s_collector.worker"]

FROM wheels AS install-forecaster
RUN --mount=type=cache,target=/root/.cache/uv PYTHON=/usr/local/bin/python deploy/images/install.sh forecaster /opt/ai4k8s /wheels

FROM worker AS forecaster
COPY --from=install-forecaster /opt/ai4k8s /opt/ai4k8s
ENTRYPOINT ["python", "-m", "ai4k8s_forecaster.worker"]

FROM wheels AS install-advisor
RUN --mount=type=cache,target=/root/.cache/uv PYTHON=/usr/local/bin/python deploy/images/install.sh advisor /opt/ai4k8s /wheels

FROM worker AS advisor
COPY --from=install-advisor /opt/ai4k8s /opt/ai4k8s
ENTRYPOINT ["python", "-m", "ai4k8s_advisor.worker"]

FROM wheels AS install-scaler
RUN --mount=type=cache,target=/root/.cache/uv PYTHON=/usr/local/bin/python deploy/images/install.sh scaler /opt/ai4k8s /wheels

FROM worker AS scaler
COPY --from=install-scaler /opt/ai4k8s /opt/ai4k8s
ENTRYPOINT ["python", "-m", "ai4k8s_scaler.worker"]

FROM wheels AS install-chat
RUN --mount=type=cache,target=/root/.cache/uv PYTHON=/usr/local/bin/python deploy/images/install.sh chat /opt/ai4k8s /wheels

FROM worker AS chat
COPY --from=install-chat /opt/ai4k8s /opt/ai4k8s
ENTRYPOINT ["python", "-m", "ai4k8s_chat.worker"]
CMD ["--queue", "jobs"]

FROM wheels AS install-rag
RUN --mount=type=cache,target=/root/.cache/uv PYTHON=/usr/local/bin/python deploy/images/install.sh rag /opt/ai4k8s /wheels

FROM worker AS rag
COPY --from=install-rag /opt/ai4k8s /opt/ai4k8s
ENTRYPOINT ["python", "-m", "ai4k8s_rag.worker"]
CMD ["--queue", "jobs"]

FROM wheels AS install-gateway
RUN --mount=type=cache,target=/root/.cache/uv PYTHON=/usr/local/bin/python deploy/images/install.sh gateway /opt/ai4k8s /wheels

FROM runtime AS gateway
COPY --from=install-gateway /opt/ai4k8s /opt/ai4k8s
ENV AI4K8S_GATEWAY_HOST=0.0.0.0 AI4K8S_GATEWAY_PORT=5003
EXPOSE 5003
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:5003/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m"]
CMD ["ai4k8s_gateway.main"]

FROM wheels AS install-common
RUN --mount=type=cache,target=/root/.cache/uv PYTHON=/usr/local/bin/python deploy/images/install.sh common /opt/ai4k8s /wheels

# migrate, beat and the secrets of an installation: they need nothing but common.
FROM runtime AS common
COPY --from=install-common /opt/ai4k8s /opt/ai4k8s
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["ai4k8s-sign", "alive"]
ENTRYPOINT ["python", "-m"]
CMD ["ai4k8s_common.bus.beat"]

FROM wheels AS install-simcluster
RUN --mount=type=cache,target=/root/.cache/uv PYTHON=/usr/local/bin/python deploy/images/install.sh simcluster /opt/ai4k8s /wheels

FROM runtime AS simcluster
COPY --from=install-simcluster /opt/ai4k8s /opt/ai4k8s
USER root
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data
USER 10001:10001
VOLUME /data
EXPOSE 6443 9090
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["test", "-s", "/data/kubeconfig.yaml"]
ENTRYPOINT ["python", "-m", "ai4k8s_simcluster", "--state-dir", "/data", "--kubeconfig-out", "/data/kubeconfig.yaml", \
            "--port", "6443", "--prometheus-port", "9090"]
CMD ["--host", "0.0.0.0"]

FROM wheels AS install-standalone
RUN --mount=type=cache,target=/root/.cache/uv PYTHON=/usr/local/bin/python deploy/images/install.sh standalone /opt/ai4k8s /wheels

# Everything in one container, for a look: docker run -p 5003:5003 ai4k8s-standalone
FROM runtime AS standalone
COPY --from=install-standalone /opt/ai4k8s /opt/ai4k8s
USER root
RUN install --directory --owner=10001 --group=10001 --mode=0700 /data
USER 10001:10001
VOLUME /data
EXPOSE 5003
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:5003/readyz', timeout=4)"]
ENTRYPOINT ["ai4k8s"]
CMD ["up", "--host", "0.0.0.0", "--data-dir", "/data"]
