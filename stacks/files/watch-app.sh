#!/bin/sh
# Notes in the journal when the application does not answer.
set -eu
while sleep 60; do
  curl -fsS -o /dev/null --max-time 10 "http://127.0.0.1:$1/" || echo "the application does not answer"
done
