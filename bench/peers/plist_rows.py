"""Makes rows of user records, as a program in Python would: the same fields as bench/peers/plist_rows.ts."""

import json
import plistlib
import sys
import time

began, used = time.perf_counter(), time.process_time()
rows = []
with open(sys.argv[1], "rb") as file:
    for record in plistlib.load(file):
        def first(name):
            values = record.get("dsAttrTypeStandard:" + name) or [None]
            return values[0]

        uid, gid = first("UniqueID"), first("PrimaryGroupID")
        rows.append(
            (
                int(uid) if uid is not None else None,
                int(gid) if gid is not None else None,
                first("RecordName"),
                first("RealName"),
                first("NFSHomeDirectory"),
                first("UserShell"),
                first("GeneratedUID"),
                record.get("dsAttrTypeStandard:AuthenticationAuthority", []),
            )
        )
seconds, processor = time.perf_counter() - began, time.process_time() - used
print(json.dumps({"rows": len(rows), "last": rows[-1], "seconds": seconds, "processor": processor}))
