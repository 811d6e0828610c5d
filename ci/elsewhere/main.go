// Elsewhere checks that all packages of the module in this folder are well-typed on other systems, GOOS/GOARCH, without cgo. It reads
// all they import and compiles none of it, which would take a minute and a half for each system.
package main

import (
	"fmt"
	"log"
	"os"
	"strings"

	"golang.org/x/tools/go/packages"
)

func main() {
	log.SetFlags(0)
	wrong := 0
	for _, system := range os.Args[1:] {
		goos, goarch, ok := strings.Cut(system, "/")
		if !ok {
			log.Fatalf("system %q, want GOOS/GOARCH", system)
		}
		all, err := packages.Load(&packages.Config{
			Mode: packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo,
			Env:  append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "CGO_ENABLED=0"),
		}, "./...")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %d packages\n", system, len(all))
		wrong += packages.PrintErrors(all)
	}
	if wrong > 0 {
		os.Exit(1)
	}
}
