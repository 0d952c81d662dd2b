#!/bin/sh
# Keeps a week of nightly copies of the application's data.
set -eu
target=/var/backups/app
mkdir -p "$target"
tar -czf "$target/$(date +%A).tar.gz" -C /var/lib app
