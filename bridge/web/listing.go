package web

import "net/http"

// tool is a page beside the first one.
type tool struct{ Path, Name, For string }

// tools are the pages that there are.
func (s *Server) tools() []tool {
	tools := []tool{
		{"push", "Set up push", "Readings within seconds, by webhooks of the RAPT portal."},
		{"dashboard", "Dashboard", "The YAML of a Home Assistant dashboard with your devices, to copy."},
	}
	if s.options.Diagnosis != nil {
		tools = append(tools, tool{"diagnose", "Diagnose", "An anonymous file that shows how your devices and the RAPT Cloud behave, for a report."})
	}
	return tools
}

// listing is a text to copy or to save.
type listing struct{ Text, File string }

// dashboard is the page with the dashboard's YAML.
func (s *Server) dashboard(w http.ResponseWriter, _ *http.Request) {
	f := s.frame("Dashboard for Home Assistant")
	f.Listing = &listing{string(s.dashboardYAML()), "dashboard.yaml"}
	s.write(w, "dashboard", f)
}

// dashboardFile is the YAML itself, to save.
func (s *Server) dashboardFile(w http.ResponseWriter, _ *http.Request) {
	yaml := s.dashboardYAML()
	if len(yaml) == 0 {
		http.Error(w, "The devices are not known yet. Try again in a minute.", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="dashboard.yaml"`)
	_, _ = w.Write(yaml)
}

// dashboardYAML is the dashboard of the devices, made at most once a second; empty while none is known.
func (s *Server) dashboardYAML() []byte {
	latest := s.latest.Load()
	if latest == nil || latest.Dashboard == nil || len(latest.Devices) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.options.Now(); s.yaml == nil || now.Sub(s.yamlAt) >= renderEvery || now.Before(s.yamlAt) {
		s.yaml, s.yamlAt = latest.Dashboard(), now
	}
	return s.yaml
}
