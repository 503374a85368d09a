// What osquery and its extensions say to each other, as a definition from which Thrift's own compilers make peers for the tests.
namespace py osquery_peer
namespace cpp osquery_peer
namespace go osquery_peer

typedef i64 RouteUUID
typedef map<string, string> PluginRequest
typedef list<map<string, string>> PluginResponse
typedef map<string, map<string, PluginResponse>> Registry

struct OptionInfo { 1: string value, 2: string default_value, 3: string type }
struct ExtensionInfo { 1: string name, 2: string version, 3: string sdk_version, 4: string min_sdk_version }
struct Status { 1: i32 code, 2: string message, 3: RouteUUID uuid }
struct Response { 1: Status status, 2: PluginResponse response }

service Extension {
  Status ping(),
  Response call(1: string registry, 2: string item, 3: PluginRequest request),
  void shutdown()
}

service ExtensionManager extends Extension {
  map<RouteUUID, ExtensionInfo> extensions(),
  map<string, OptionInfo> options(),
  Status registerExtension(1: ExtensionInfo info, 2: Registry registry),
  Status deregisterExtension(1: RouteUUID uuid),
  Response query(1: string sql),
  Response getQueryColumns(1: string sql)
}
