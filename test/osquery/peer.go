// What Thrift's library for Go, by which osquery-go speaks, makes of the extension: peer SOCKET TABLE.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/apache/thrift/lib/go/thrift"
	"osquery_peer"
)

func must(err error) {
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
}

func main() {
	address, err := net.ResolveUnixAddr("unix", os.Args[1])
	must(err)
	configuration := &thrift.TConfiguration{ConnectTimeout: time.Second, SocketTimeout: time.Minute}
	socket := thrift.NewTSocketFromAddrConf(address, configuration)
	must(socket.Open())
	client := osquery_peer.NewExtensionManagerClientFactory(socket, thrift.NewTBinaryProtocolFactoryConf(configuration))
	ctx := context.Background()
	status, err := client.Ping(ctx)
	must(err)
	fmt.Println("ping", status.Code, status.UUID)
	response, err := client.Call(ctx, "table", os.Args[2], map[string]string{"action": "columns"})
	must(err)
	fmt.Println("columns", response.Status.Code, len(response.Response))
	response, err = client.Call(ctx, "table", os.Args[2], map[string]string{"action": "generate", "context": "{\"constraints\":[]}"})
	must(err)
	rowids := 0
	for _, row := range response.Response {
		if _, there := row["rowid"]; there {
			rowids++
		}
	}
	fmt.Println("generate", response.Status.Code, len(response.Response), rowids)
	response, err = client.Call(ctx, "table", "nothing", map[string]string{"action": "generate"})
	must(err)
	fmt.Println("unknown", response.Status.Code, len(response.Response))
	_, err = client.Extensions(ctx)
	var refused thrift.TApplicationException
	if errors.As(err, &refused) {
		fmt.Println("method", refused.TypeId())
	} else {
		fmt.Println("method answered", err)
	}
	must(client.Shutdown(ctx))
	fmt.Println("shutdown")
}
