package config

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// secretFiles reads the secrets that are in files of their own.
func (l *loader) secretFiles() {
	for _, k := range Keys() {
		name, isFile := strings.CutSuffix(k.Name, "_file")
		if secret, ok := find(name); !isFile || !ok || !secret.Secret {
			continue
		}
		path := l.merged.String(k.Name)
		if path == "" {
			continue
		}
		if l.merged.String(name) != "" {
			l.add(Problem{Key: k.Name, Source: l.sources[k.Name], Problem: "is set and so is " + name + " (" + l.sources[name] + ")", Do: "Remove one of the two."})
			continue
		}
		text, err := readSmall(path)
		text = strings.TrimRight(text, "\r\n")
		switch {
		case err != nil:
			l.bad(k.Name, "can't be read: "+err.Error(), "Check the path and its permissions.")
		case text == "":
			l.bad(k.Name, "names an empty file", "Put the secret into it.")
		default:
			_ = l.merged.Set(name, text)
			l.sources[name] = path
		}
	}
}

// ownersAlone warns of files with secrets in them that are not for their owner alone: those of one secret, keys of certificates, and
// the configuration file.
func (l *loader) ownersAlone() {
	inFile := false
	for _, k := range Keys() {
		name, isFile := strings.CutSuffix(k.Name, "_file")
		secret, known := find(name)
		switch {
		case isFile && (known && secret.Secret || strings.HasSuffix(name, ".key")):
			l.readableByOthers(k.Name, l.merged.String(k.Name))
		case k.Secret && !inFile && l.merged.String(k.Name) != "" && l.sources[k.Name] == l.file:
			inFile = true
			l.readableByOthers(k.Name, l.file)
		}
	}
}

// readableByOthers warns of a secret's file that is not for its owner alone.
func (l *loader) readableByOthers(key, path string) {
	if path == "" || l.variable(ContainerVariable) != "" || runtime.GOOS == "windows" {
		return // a container has no other users
	}
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		l.warnings = append(l.warnings, fmt.Sprintf("%s: other users of this computer can read or write %s (mode %04o); make it its owner's alone: chmod 600", key, path, info.Mode().Perm()))
	}
}
