import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { shell } from "./shell";

export default defineConfig({
  plugins: [svelte(), shell()],
  build: {
    target: "es2022",
    // One script and one style: a ward's PC starts it once a night, and the service worker keeps it.
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    emptyOutDir: true,
  },
});
