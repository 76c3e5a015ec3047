# Stand-ins for the base images of Dockerfile and docker-compose.yml, where no image can be pulled: Debian's packages, and
# Node, npm and the tools of this machine. They have names of their own: no image of yours is replaced.
FROM o2ims-test/debian AS node
COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY trusted.crt /etc/ssl/certs/ca-certificates.crt
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
# Its network may need what this machine trusts.
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt

FROM o2ims-test/debian AS redis
RUN apt-get update && apt-get install -y --no-install-recommends redis-server && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 999 container && useradd --uid 999 --gid 999 container \
 && mkdir -p /data && chown 999:999 /data
VOLUME ["/data"]
WORKDIR /data

FROM o2ims-test/debian AS prometheus
WORKDIR /tmp/download
RUN apt-get update && apt-get download prometheus && dpkg --extract prometheus_*.deb . && mv usr/bin/prom* /usr/local/bin/ \
 && rm -rf /tmp/download/* /var/lib/apt/lists/* && mkdir /prometheus && chown 65534:65534 /prometheus
WORKDIR /prometheus
USER 65534
VOLUME ["/prometheus"]
ENTRYPOINT ["prometheus"]

FROM scratch AS api-base
COPY without-shell /
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
USER 65532

FROM scratch AS tools
COPY tools /tools
