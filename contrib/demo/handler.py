# SPDX-License-Identifier: Apache-2.0
"""A small function: an event on standard input, an answer on standard output."""
import json
import os
import sys


def handler(event):
    return {
        "greeting": f"hello, {event['name']}",
        "call": event["call"],
        "primes": [n for n in range(2, 60) if all(n % d for d in range(2, n))],
        "pid": os.getpid(),
        "host": os.uname().nodename,
    }


json.dump(handler(json.load(sys.stdin)), sys.stdout)
print()
