"""Makes a tree equal to another one, of the files whose names come in, each ended by a zero byte: `copy.py FROM TO`."""

import pathlib
import sys

source, tree = map(pathlib.Path, sys.argv[1:])
names = {name for name in sys.stdin.buffer.read().decode().split("\0") if name and (source / name).is_file()}
for old in tree.rglob("*"):
    if old.is_file() and str(old.relative_to(tree)) not in names:
        old.unlink()
for name in names:
    wanted, copied = (source / name).read_bytes(), tree / name
    if not copied.is_file() or copied.read_bytes() != wanted:
        copied.parent.mkdir(parents=True, exist_ok=True)
        copied.write_bytes(wanted)
        copied.chmod((source / name).stat().st_mode & 0o777)
