package main

import (
	"runtime"
	"runtime/debug"
)

type versionCmd struct{}

type versionAnswer struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
}

func (c *versionCmd) Run(s *session) error {
	a := version()
	return s.show(a, func(p *printer) {
		p.line("entente %s %s, %s", a.Version, a.Commit, a.Go)
	})
}

// version is what the build wrote into the program.
func version() versionAnswer {
	a := versionAnswer{Version: "(unknown)", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return a
	}
	a.Version = info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			a.Commit = s.Value
		}
	}
	return a
}
