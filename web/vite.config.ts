// The page, built into api/static/page: hashed names, each text also as gzip and brotli, so that the API compresses nothing itself.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vite";
import { guides } from "./guides.ts";

const OUT = "../api/static/page";
const FRAMEWORK = /node_modules\/(react|react-dom|scheduler|use-sync-external-store|openapi-fetch|@tanstack\/(history|store|query-core|router-core|react-(router|query|store)))\//;
const SHARED = /src\/(api|lib|shell|ui)\//;
const TEXT = /\.(js|css|html|svg)$/;

function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle() {
      for (const name of readdirSync(OUT, { recursive: true, encoding: "utf8" }).filter((name) => TEXT.test(name))) {
        const file = join(OUT, name);
        const bytes = readFileSync(file);
        writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
        writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
      }
    },
  };
}

export default defineConfig({
  plugins: [react(), guides("../docs"), compressed()],
  build: {
    outDir: OUT, emptyOutDir: true, target: "es2022", assetsInlineLimit: 0, sourcemap: false, modulePreload: { polyfill: false },
    // Few files: a page that comes as twenty small ones waits for each of them.
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "framework", test: FRAMEWORK }, { name: "shared", test: SHARED, minShareCount: 4 }] } } },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8800", "/login": "http://127.0.0.1:8800", "/logout": "http://127.0.0.1:8800" } },
});
