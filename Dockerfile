# Two images from one file:
#   docker build --target service .    the API and the command line, without PyTorch
#   docker build --target worker .     the same with the trainer; CPU build of PyTorch
#   docker build --target worker --build-arg TORCH_INDEX_URL=https://pypi.org/simple .    the trainer with CUDA libraries

ARG PYTHON_VERSION=3.11

FROM python:${PYTHON_VERSION}-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/runtwice
ENV PATH=/opt/runtwice/bin:$PATH
WORKDIR /source
COPY constraints.txt ./

FROM build AS build-service
COPY . .
RUN pip install -c constraints.txt .

FROM build AS build-worker
ARG TORCH_INDEX_URL=https://download.pytorch.org/whl/cpu
# Before the source, which changes more often than PyTorch does.
RUN pip install --index-url "${TORCH_INDEX_URL}" -c constraints.txt torch
COPY . .
RUN pip install -c constraints.txt ".[worker]"

FROM python:${PYTHON_VERSION}-slim AS run
# Folders that volumes are mounted on are made here, so that a new volume belongs to the user who writes to it.
RUN groupadd --gid 10001 runtwice \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin runtwice \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data /data/artifacts /data/datasets /data/signing
ENV PATH=/opt/runtwice/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONSAFEPATH=1 \
    RUNTWICE_DATA_DIR=/data
WORKDIR /data
USER 10001:10001

FROM run AS worker
COPY --from=build-worker /opt/runtwice /opt/runtwice
# A worker that dies ends its container; one that hangs loses its runs to another when their leases run out.
HEALTHCHECK NONE
CMD ["runtwice", "worker"]

FROM run AS service
COPY --from=build-service /opt/runtwice /opt/runtwice
EXPOSE 8800
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8800/healthz', timeout=4)"]
CMD ["python", "-m", "api"]
