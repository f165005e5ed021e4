// Command supervisor stands in for Home Assistant's Supervisor in a test: it answers an add-on's questions, passes requests
// on to the add-on's page as the ingress proxy does, gives it a WebSocket to Home Assistant, and has a simulated RAPT cloud
// on port 8080. What it answers comes from its environment.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/websocket"

	"github.com/rapt-bridge/rapt-bridge/raptclient/raptsim"
)

const ingressPath = "/api/hassio_ingress/a-token"

func main() {
	cloud := raptsim.New(raptsim.Options{Telemetry: raptsim.Telemetry{Past: 72 * time.Hour}})
	go func() { log.Fatal(http.ListenAndServe(":8080", cloud)) }()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /services/mqtt", answer("BROKER"))
	mux.HandleFunc("GET /addons/self/options/config", answer("OPTIONS"))
	mux.HandleFunc("GET /core/api/config", homeAssistant)
	mux.HandleFunc("GET /core/websocket", toHomeAssistant)
	mux.HandleFunc("GET "+ingressPath+"/", pass)
	log.Fatal(http.ListenAndServe(":80", mux))
}

// answer gives the data of a variable to the add-on that has the token.
func answer(variable string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+os.Getenv("TOKEN") {
			http.Error(w, "403: Forbidden", http.StatusForbidden)
			return
		}
		fmt.Println(r.Method, r.URL.Path)
		_ = json.NewEncoder(w).Encode(map[string]any{"result": "ok", "data": json.RawMessage(os.Getenv(variable))})
	}
}

// homeAssistant answers what Home Assistant itself is asked through the Supervisor.
func homeAssistant(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Bearer "+os.Getenv("TOKEN") {
		http.Error(w, "401: Unauthorized", http.StatusUnauthorized)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"language": "de"})
}

// pass gives a request to the add-on, without the prefix of its path.
func pass(w http.ResponseWriter, r *http.Request) {
	ask, err := http.NewRequestWithContext(r.Context(), r.Method, "http://addon:8099"+r.URL.Path[len(ingressPath):], nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	ask.Header.Set("X-Ingress-Path", ingressPath)
	resp, err := http.DefaultClient.Do(ask)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

// toHomeAssistant connects an add-on to Home Assistant as the Supervisor does: the add-on signs in with its own token, and the
// Supervisor with one of Home Assistant's.
func toHomeAssistant(w http.ResponseWriter, r *http.Request) {
	log.Print(r.Method, " ", r.URL.Path)
	addOn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer addOn.Close()
	var auth struct {
		Type  string `json:"type"`
		Token string `json:"access_token"`
	}
	if addOn.WriteJSON(map[string]string{"type": "auth_required", "ha_version": "2026.11.0"}) != nil || addOn.ReadJSON(&auth) != nil {
		return
	}
	if auth.Type != "auth" || auth.Token != os.Getenv("TOKEN") {
		_ = addOn.WriteJSON(map[string]string{"type": "auth_invalid", "message": "Invalid access"})
		return
	}
	home, _, err := websocket.DefaultDialer.DialContext(r.Context(), "ws://homeassistant:8123/api/websocket", nil)
	if err != nil {
		log.Print(err)
		return
	}
	defer home.Close()
	var required map[string]any
	if home.ReadJSON(&required) != nil || home.WriteJSON(map[string]string{"type": "auth", "access_token": os.Getenv("HOME_TOKEN")}) != nil {
		return
	}
	go forward(home, addOn) // what Home Assistant says of it first, auth_ok
	forward(addOn, home)
}

func forward(from, to *websocket.Conn) {
	for {
		kind, message, err := from.ReadMessage()
		if err != nil || to.WriteMessage(kind, message) != nil {
			_ = to.Close()
			return
		}
	}
}
