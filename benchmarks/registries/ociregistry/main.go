// A registry of CUE's ociregistry module, in memory: ociserver over ocimem.
package main

import (
	"log"
	"net/http"
	"os"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
)

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], ociserver.New(ocimem.New(), nil)))
}
