// What osquery's own library for Thrift (C++) makes of the extension: peer SOCKET TABLE.
#include "Extension.h"
#include "ExtensionManager.h"
#include <iostream>
#include <thrift/protocol/TBinaryProtocol.h>
#include <thrift/transport/TBufferTransports.h>
#include <thrift/transport/TSocket.h>

using namespace apache::thrift;
using namespace osquery_peer;

int main(int, char** words) {
  auto socket = std::make_shared<transport::TSocket>(words[1]);
  auto buffered = std::make_shared<transport::TBufferedTransport>(socket);
  auto protocol = std::make_shared<protocol::TBinaryProtocol>(buffered);
  buffered->open();
  ExtensionManagerClient client(protocol);
  Status status;
  client.ping(status);
  std::cout << "ping " << status.code << ' ' << status.uuid << '\n';
  Response response;
  client.call(response, "table", words[2], {{"action", "columns"}});
  std::cout << "columns " << response.status.code << ' ' << response.response.size() << '\n';
  client.call(response, "table", words[2], {{"action", "generate"}, {"context", "{\"constraints\":[]}"}});
  size_t rowids = 0;
  for (const auto& row : response.response) rowids += row.count("rowid");
  std::cout << "generate " << response.status.code << ' ' << response.response.size() << ' ' << rowids << '\n';
  client.call(response, "table", "nothing", {{"action", "generate"}});
  std::cout << "unknown " << response.status.code << ' ' << response.response.size() << '\n';
  try {
    std::map<RouteUUID, ExtensionInfo> extensions;
    client.extensions(extensions);
    std::cout << "method answered\n";
  } catch (const TApplicationException& error) {
    std::cout << "method " << error.getType() << '\n';
  }
  client.shutdown();
  std::cout << "shutdown\n";
}
