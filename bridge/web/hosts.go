package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

const unknownHost = "The status page is not reached by this name. Add the name in the address bar to http.hosts, or use the machine's IP address."

// reachedBy reports whether a request names a host that the page is reached by: loopback, the address that it listens on,
// one of Options.Hosts, or an IP address. A name of somebody else's that is pointed at this machine is none of them, so a
// web page of theirs can't have a browser read or press anything here. Home Assistant's proxy looks at the names itself.
func (s *Server) reachedBy(r *http.Request) bool {
	if s.options.Listen == "" || s.isIngress(r.RemoteAddr) {
		return true
	}
	host := hostName(r.Host)
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	for _, known := range append([]string{s.options.Listen}, s.options.Hosts...) {
		if known = hostName(known); known != "" && known == host {
			return true
		}
	}
	return false
}

// hostName is a host, with or without a port, in lower case and without its port, brackets and final dot.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(strings.TrimSpace(host), "[]"), "."))
}

// isIngress reports whether a client's address, with its port, is that of Home Assistant's proxy.
func (s *Server) isIngress(remote string) bool {
	client, err := netip.ParseAddrPort(remote)
	return err == nil && s.options.IngressOnly && client.Addr().Unmap() == s.options.IngressPeer.Unmap()
}
