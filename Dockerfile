# The lab on a CPU:   docker build -t seg .
# On an NVIDIA GPU:   docker build -t seg:cuda --build-arg TORCH=https://download.pytorch.org/whl/cu126 .
#                     docker run --gpus all -p 8501:8501 seg:cuda
FROM python:3.11-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
# PyTorch without CUDA is 4 GB smaller; torchvision must be built for the same one.
ARG TORCH=https://download.pytorch.org/whl/cpu
RUN pip install --index-url "$TORCH" "torch>=2.11,<3" "torchvision>=0.26,<1"
COPY requirements.txt .
RUN pip install -r requirements.txt && pip uninstall -y pip && find /venv -name "__pycache__" -prune -exec rm -r {} +

FROM python:3.11-slim
RUN useradd --create-home --uid 1000 seg && mkdir -p /cache /runs && chown seg:seg /cache /runs
COPY --from=packages /venv /venv
WORKDIR /app
COPY streamlit_app.py LICENSE README.md ./
COPY .streamlit .streamlit
COPY docs/icon.png docs/
COPY pages pages
COPY weights weights
COPY seg seg
USER seg
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 SEG_CACHE=/cache SEG_HOME=/app
VOLUME ["/cache", "/runs"]
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:8501' + os.environ.get('STREAMLIT_SERVER_BASE_URL_PATH', '').rstrip('/') + '/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "streamlit_app.py", "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true"]
