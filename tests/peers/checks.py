"""Counts checks and prints the line the caller sums up."""

import asyncio
import sys
import traceback

passed = 0
failed = 0


def check(name, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
    print(f"{'ok' if good else 'not ok'} {name}" + ("" if good or not detail else f": {detail}"), flush=True)
    return good


def run(body):
    """Runs the coroutine; whatever escapes is a failed check."""
    try:
        asyncio.run(body)
    except BaseException:
        check("no exception", False, traceback.format_exc())
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)
