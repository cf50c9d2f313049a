// Command assets bundles the desk's scripts, web/scripts, into web/static/built,
// from where package web embeds them. Run it from the module's root.
package main

import (
	"fmt"
	"os"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	result := api.Build(api.BuildOptions{
		EntryPoints:       []string{"web/scripts/desk.ts"},
		Outdir:            "web/static/built",
		Bundle:            true,
		MinifySyntax:      true,
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		Format:            api.FormatESModule,
		Target:            api.ES2022,
		Charset:           api.CharsetUTF8,
		LegalComments:     api.LegalCommentsLinked,
		Write:             true,
		LogLevel:          api.LogLevelWarning,
	})
	if len(result.Errors) > 0 {
		fmt.Fprintln(os.Stderr, "assets: the scripts were not built; what is wrong stands above")
		os.Exit(1)
	}
}
