import { mount } from "svelte";
import "./app.css";
import App from "./App.svelte";
import { app } from "./lib/app.svelte";
import { AgentConnection } from "./lib/connection";

app.start(new AgentConnection());
mount(App, { target: document.getElementById("app")! });
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/worker.js");
