# docker build -t attention-lab . && docker run --rm -p 8501:8501 attention-lab

FROM python:3.11-slim AS packages
WORKDIR /build
COPY requirements.txt constraints.txt ./
RUN python -m venv --without-pip /venv \
 && PIP_RETRIES=1 python -m pip --python /venv/bin/python install \
    --no-compile --no-cache-dir --disable-pip-version-check -r requirements.txt
# What a running app never opens goes; then everything it needs is used once, which proves that it
# is still there and leaves byte code for exactly the modules in use: the app starts faster.
COPY scripts/slim.sh scripts/image_check.py ./
RUN ./slim.sh /venv && /venv/bin/python image_check.py


FROM python:3.11-slim
# The root file system may be read-only: nothing is written to it, and HOME is where a tmpfs goes.
ENV PATH=/venv/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
COPY --from=packages /venv /venv
COPY LICENSE app.py ./
COPY .streamlit .streamlit
COPY attention_core attention_core
COPY ui ui
COPY pages pages
USER 10001:10001
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["python", "-m", "streamlit", "run", "app.py", "--server.port", "8501"]
