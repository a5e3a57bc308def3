"""Local times of every IANA zone as dateutil resolves them, for tests/it/schedule/dateutil.rs.

Made anew with:  pip install python-dateutil==4.0.0 tzdata==2026.6
                 PYTHONTZPATH= python3 tests/data/zones.py > tests/data/zones.txt
With that path empty dateutil reads the zone data of the package tzdata, of the same version as the program's, and not
the machine's. Prints groups of zones that agree: `= names`, `~ instant offset` for each change of the offset, and
`local instant` around it.
"""
from datetime import datetime, timedelta, timezone
from importlib import resources

import dateutil
import tzdata
from dateutil import tz

FIRST, LAST = datetime(2026, 1, 1), datetime(2032, 1, 1)


def offset(zone, at):
    return int(datetime.fromtimestamp(at, timezone.utc).astimezone(zone).utcoffset().total_seconds())


def changes(zone):
    """Seen from outside: every six hours, and where two differ, the second between them."""
    found, last = [], int(LAST.replace(tzinfo=timezone.utc).timestamp())
    at = int(FIRST.replace(tzinfo=timezone.utc).timestamp())
    before = offset(zone, at)
    while at < last:
        low, high = at, min(at + 6 * 3600, last)
        after = offset(zone, high)
        if after != before:
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(zone, middle) == before else (low, middle)
            found.append((datetime.fromtimestamp(high, timezone.utc).replace(tzinfo=None), before, after))
        at, before = at + 6 * 3600, after
    return found


def instant(zone, local):
    resolved = tz.resolve_imaginary(local.replace(tzinfo=zone))
    return resolved.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


groups = {}
names = resources.files("tzdata").joinpath("zones").read_text().split()
for name in names:
    zone = tz.gettz(name)
    lines = []
    locals_ = [datetime(year, month, 1, 12) for year in range(FIRST.year, LAST.year) for month in (1, 7)]
    for at, before, after in changes(zone):
        lines.append(f"~ {at.isoformat()}Z {after}")
        first, end = (at + timedelta(seconds=offset) for offset in sorted((before, after)))
        minute = timedelta(minutes=1)
        locals_ += [first - minute, first, first + (end - first) / 2, end - minute, end]
    lines += [f"{local.isoformat()} {instant(zone, local)}" for local in sorted(set(locals_))]
    groups.setdefault("\n".join(lines), []).append(name)

print(f"# dateutil {dateutil.__version__}, tzdata {tzdata.IANA_VERSION}, {len(names)} zones; made by zones.py")
for lines, group in sorted(groups.items(), key=lambda item: item[1]):
    print(f"= {' '.join(group)}")
    print(lines)
