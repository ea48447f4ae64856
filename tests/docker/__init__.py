"""The image and compose file under a real Docker engine; `make image` runs these.

An engine that DOCKER_HOST names is used as it is. Otherwise one is started for the tests, with
directories of its own, no bridge and no packet filter, which takes root. Where the base image
cannot be pulled it is made of Debian packages under the same name: the Dockerfile stays the one
that users build.
"""
