import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "../src/ai4k8s_gateway/static",
    emptyOutDir: true,
    target: "es2022",
    // All of these know light-dark(), :has() and popovers; an older target would have them rewritten.
    cssTarget: ["chrome125", "firefox128", "safari17.5"],
    // Nothing inline: the CSP allows only files of our own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // scripts/compress.mjs reads from it what a first visit loads.
    manifest: true,
  },
  server: {
    proxy: {
      "/api": "http://127.0.0.1:5003",
      "/socket.io": { target: "http://127.0.0.1:5003", ws: true },
    },
  },
});
