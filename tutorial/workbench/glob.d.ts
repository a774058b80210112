interface ImportMeta {
  /** Returns the texts of the files that match, by their paths; Vite puts them into the module. */
  glob(pattern: string, options: { query: '?raw'; import: 'default'; eager: true }): Record<string, string>
}
