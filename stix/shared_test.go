package stix

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ulikunitz/xz"
)

// shared finds a file or folder of the public test data, which the project
// itself does not contain. Without it a test skips; with ENTENTE_CI=1 it fails.
func shared(t testing.TB, name ...string) string {
	t.Helper()
	root := os.Getenv("ENTENTE_SHARED")
	if root == "" {
		root = "../shared"
	}
	if !filepath.IsAbs(root) {
		root = filepath.Join("..", root) // from the module's root, not from this folder
	}
	path := filepath.Join(append([]string{root, "data"}, name...)...)
	if _, err := os.Stat(path); err != nil {
		missing := "public test data is missing: " + err.Error() + "; set ENTENTE_SHARED to the folder that has data/" + strings.Join(name, "/")
		if os.Getenv("ENTENTE_CI") == "1" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	return path
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".xz") {
		plain, err := xz.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if data, err = io.ReadAll(plain); err != nil {
			t.Fatal(err)
		}
	}
	return data
}

func attackEnterprise(t testing.TB) []byte {
	t.Helper()
	return readFile(t, shared(t, "stix-attack-enterprise", "enterprise-attack-18.1.min.json.xz"))
}

// attackICS gives every published version of the ICS matrix by file name.
func attackICS(t testing.TB) map[string][]byte {
	t.Helper()
	archive := tar.NewReader(bytes.NewReader(readFile(t, shared(t, "stix-attack-ics", "ics-attack-all-versions.tar.xz"))))
	files := make(map[string][]byte)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
}
