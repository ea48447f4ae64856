# The daemon, and with the command `emulate` the plant on the desk: one image.
#
# Build: docker build -t ridethrough .        Run: docker compose up (compose.yaml says with what)
#
# Size: 488 MB on a base of 191 MB made from Debian packages (the public one is smaller). Of the 297
# MB that are ours, scipy is 111 MB and numpy 56 MB with their BLAS (they solve the network), asyncua
# 28 MB, cryptography 16 MB, uvloop 14 MB, pygments 10 MB; daemon, emulators and config are 11 MB.
# Tests that libraries bring along, pip and setuptools are left out.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/ridethrough && python -m venv /opt/tools
# What changes seldom comes first: a change of our code builds in seconds.
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN /opt/ridethrough/bin/pip install --no-cache-dir --require-hashes --only-binary :all: \
      --requirement requirements/runtime.txt \
 && /opt/tools/bin/pip install --no-cache-dir --require-hashes --requirement requirements/build.txt \
 && find /opt/ridethrough -type d -name tests -path '*/site-packages/*' -prune -exec rm -rf {} +
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY daemon daemon
COPY device_emulators device_emulators
# Never with -O: assertions guard the plant.
RUN /opt/tools/bin/hatchling build -t wheel -d /build/dist \
 && /opt/ridethrough/bin/pip install --no-cache-dir --no-deps --no-index dist/*.whl \
 && /opt/ridethrough/bin/pip uninstall --yes --quiet setuptools pip

FROM python:3.11-slim-bookworm
COPY --from=build /opt/ridethrough /opt/ridethrough
COPY docker/healthcheck.py docker/sbom.py /opt/ridethrough/
# Nobody inside; a fresh volume at the state folder then belongs to it.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin ridethrough \
 && install -d -o ridethrough -g ridethrough -m 0750 /var/lib/ridethrough
# Bill of materials: docker run --rm --entrypoint cat ridethrough /opt/ridethrough/sbom.json
RUN /opt/ridethrough/bin/python -B /opt/ridethrough/sbom.py > /opt/ridethrough/sbom.json
ENV PATH=/opt/ridethrough/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    OPENBLAS_NUM_THREADS=1
USER 10001:10001
WORKDIR /var/lib/ridethrough
VOLUME /var/lib/ridethrough
# Alive: every lane scans. Ready: it knows the plant too, but for devices that are silent.
HEALTHCHECK --interval=5s --timeout=4s --start-period=60s --retries=3 \
  CMD ["python", "/opt/ridethrough/healthcheck.py"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["ridethrough"]
CMD ["run", "ai_hall", "--state", "/var/lib/ridethrough"]
