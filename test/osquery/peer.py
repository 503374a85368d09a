"""
osquery, as far as an extension sees it, of code that nobody here wrote: Thrift's compiler makes the protocol of
extension.thrift, and SQLite with virtual tables (apsw) asks as osquery/sql/virtual_table.cpp does.

peer.py GENERATED SOCKET [UUID]: the manager listens on SOCKET; each line of stdin is a command as JSON, and each is answered by
one line of JSON.
"""
import json
import os
import sys
import threading

sys.path.insert(0, sys.argv[1])
from osquery_peer import Extension, ExtensionManager
from osquery_peer.ttypes import Response, Status
from thrift.protocol import TBinaryProtocol
from thrift.server import TServer
from thrift.transport import TSocket, TTransport

path = sys.argv[2]
uuid = int(sys.argv[3]) if len(sys.argv) > 3 else 4711
known = {}
lock = threading.Lock()


def tell(**what):
    with lock:
        print(json.dumps(what), flush=True)


class Manager:
    """Refuses a name that it knows already, as osquery does."""

    def ping(self):
        return Status(0, "OK", 0)

    def registerExtension(self, info, registry):
        if any(info.name == other.name for other, _ in known.values()):
            return Status(1, "Duplicate extension registered", 0)
        known[uuid] = (info, registry)
        tell(event="registered", name=info.name, version=info.version, sdk=info.sdk_version, routes=registry["table"])
        return Status(0, "OK", uuid)

    def extensions(self):
        return {number: info for number, (info, _) in known.items()}

    def options(self):
        return {}

    def deregisterExtension(self, number):
        return Status(0, "OK", number)

    def query(self, sql):
        return Response(Status(0, "OK", 0), [])

    getQueryColumns = query

    def call(self, registry, item, request):
        return Response(Status(1, "no", 0), [])

    def shutdown(self):
        pass


def client(of=Extension):
    transport = TTransport.TBufferedTransport(TSocket.TSocket(unix_socket=f"{path}.{uuid}"))
    transport.open()
    return of.Client(TBinaryProtocol.TBinaryProtocol(transport)), transport


connection = None


def ask(method, *words, of=Extension):
    global connection
    if connection is None:
        connection = client(of)
    return getattr(connection[0], method)(*words)


def generate(table, context):
    return ask("call", "table", table, {"action": "generate", "context": json.dumps(context)})


# The operators that virtual_table.cpp hands down, by SQLite's numbers.
LIMIT, OFFSET = 73, 74
calls = {"generate": 0, "rows": 0}


class Table:
    def __init__(self, name, has_rowid):
        self.name = name
        self.has_rowid = has_rowid
        self.columns = [row for row in known[uuid][1]["table"][name] if row["id"] == "column"]

    def _options(self, index):
        options = int(self.columns[index]["op"])
        # --extensions_default_index
        return 1 if options == 0 else options

    def BestIndex(self, constraints, orders):
        used, plan, cost = [], [], 1000000.0
        for index, op in constraints:
            column = self.columns[index] if 0 <= index < len(self.columns) else None
            is_sensible = column is not None and not (column["type"] == "TEXT" and op in (4, 8, 16, 32))
            if is_sensible and self._options(index) & (1 | 2 | 4):
                # SQLite looks at each row again: nothing is left out there.
                used.append((len(plan), False))
                plan.append([index, op])
                cost = 1.0
            else:
                used.append(None)
        return (used, 0, json.dumps(plan), False, cost)

    def Open(self):
        return Cursor(self)

    def Disconnect(self):
        pass

    Destroy = Disconnect


class Cursor:
    def __init__(self, table):
        self.table = table

    def Filter(self, number, text, values):
        lists = {}
        plan = json.loads(text)
        for (index, op), value in zip(plan, values):
            # sqlite3_value_text: NULL and an empty text are not handed down.
            shown = "" if value is None else value.hex() if isinstance(value, bytes) else str(value)
            if shown != "":
                lists.setdefault(index, []).append({"op": op, "expr": shown})
        required = [i for i, c in enumerate(self.table.columns) if int(c["op"]) & 2]
        if any(all(index != wanted for index, _ in plan) for wanted in required):
            raise Exception(f"Table {self.table.name} was queried without a required column in the WHERE clause")
        context = {
            "constraints": [
                {"name": column["name"], "list": lists.get(index, []), "affinity": column["type"]}
                for index, column in enumerate(self.table.columns)
            ],
            "colsUsed": [column["name"] for column in self.table.columns],
        }
        answer = generate(self.table.name, context)
        calls["generate"] += 1
        calls["rows"] += len(answer.response)
        if answer.status.code != 0:
            raise Exception(answer.status.message)
        self.rows, self.at = answer.response, 0

    def Eof(self):
        return self.at >= len(self.rows)

    def Rowid(self):
        return int(self.rows[self.at].get("rowid", self.at)) if self.table.has_rowid else self.at

    def Column(self, index):
        if index < 0:
            return self.Rowid()
        column = self.table.columns[index]
        value = self.rows[self.at].get(column["name"])
        if value is None or column["type"] == "TEXT":
            return value
        if value == "":
            return None
        return int(value, 0) if column["type"] == "BIGINT" else float(value)

    def Next(self):
        self.at += 1

    def Close(self):
        pass


class Module:
    def __init__(self, has_rowid):
        self.has_rowid = has_rowid

    def Create(self, db, module, schema, name, *words):
        table = Table(words[0], self.has_rowid)
        columns, keys = [], []
        for column in table.columns:
            options = int(column["op"])
            columns.append(f'`{column["name"]}` {column["type"]}' + (" COLLATE NOCASE" if options & 64 else ""))
            if options & 1:
                keys.append(f'`{column["name"]}`')
        key = f', PRIMARY KEY ({", ".join(keys)})' if keys else ""
        return f'CREATE TABLE x({", ".join(columns)}{key})', table

    Connect = Create


databases = {}


def database(has_rowid):
    """Every table under its own name and without the prefix, so that the statements of the library run as they are."""
    if has_rowid not in databases:
        import apsw

        db = apsw.Connection(":memory:")
        db.createmodule("extension", Module(has_rowid))
        for name in known[uuid][1]["table"]:
            for called in (name, name.replace("tokenquery_", "", 1)):
                db.cursor().execute(f'CREATE VIRTUAL TABLE "{called}" USING extension({name})')
        databases[has_rowid] = db
    return databases[has_rowid]


def sql(text, now=None, rowid=True, **rest):
    words = {"now": now} if ":now" in text else ()
    calls.update(generate=0, rows=0)
    try:
        return {"rows": [list(row) for row in database(rowid).cursor().execute(text, words)], "calls": dict(calls)}
    except Exception as error:
        return {"error": str(error).split("Traceback")[0]}


def call(registry="table", item="", request={}, **rest):
    answer = ask("call", registry, item, request)
    return {"code": answer.status.code, "message": answer.status.message, "rows": answer.response}


def ping(**rest):
    status = ask("ping")
    return {"code": status.code, "uuid": status.uuid}


def foreign(**rest):
    """A method that extensions do not have."""
    own, transport = client(ExtensionManager)
    try:
        own.extensions()
        return {"error": None}
    except Exception as error:
        return {"error": type(error).__name__, "type": getattr(error, "type", None), "message": str(error)}
    finally:
        transport.close()


def shutdown(**rest):
    ask("shutdown")
    return {}


def forget(**rest):
    known.clear()
    return {}


# Whoever listens first makes the file: it is what the extension waits for.
server = TServer.TThreadedServer(
    ExtensionManager.Processor(Manager()),
    TSocket.TServerSocket(unix_socket=path),
    TTransport.TBufferedTransportFactory(),
    TBinaryProtocol.TBinaryProtocolFactory(),
    daemon=True,
)
threading.Thread(target=server.serve, daemon=True).start()
while not os.path.exists(path):
    pass
tell(event="listening")
commands = {"sql": sql, "call": call, "ping": ping, "foreign": foreign, "shutdown": shutdown, "forget": forget}
for line in sys.stdin:
    command = json.loads(line)
    try:
        tell(answer=commands[command.pop("do")](**command))
    except Exception as error:
        tell(answer={"failed": f"{type(error).__name__}: {error}"})
os._exit(0)
