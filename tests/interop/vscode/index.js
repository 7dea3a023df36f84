// Plays VS Code to the extension, for the real one cannot be had without a screen and a download: as much of
// its API as the client library needs to start a server and to hand on what it says of one open file.
// What matters is printed, a line each.
"use strict";

class Disposable {
  dispose() {}
}
class Uri {
  constructor(path) {
    Object.assign(this, { path, fsPath: path, scheme: "file" });
  }
  static parse(text) {
    return new Uri(text.replace("file://", ""));
  }
  toString() {
    return `file://${this.path}`;
  }
}
class EventEmitter {
  event = () => new Disposable();
  fire() {}
  dispose() {}
}
class Kind {
  static Empty = new Kind();
  append() {
    return this;
  }
}
class CancellationTokenSource {
  token = { isCancellationRequested: false, onCancellationRequested: () => new Disposable() };
  cancel() {}
  dispose() {}
}
class Thing {} // any other class of the API: made, and never looked into

const nothing = () => new Disposable();
const quiet = () => new Proxy({}, { get: () => nothing });
// An object of the API: what is not said here answers every call with something to dispose of.
const room = (own) =>
  new Proxy(own, { get: (known, name) => (name in known || typeof name === "symbol" ? known[name] : nothing) });

const document = {
  uri: new Uri(process.env.OPEN_FILE),
  languageId: "yaml",
  version: 1,
  isClosed: false,
  getText: () => require("fs").readFileSync(process.env.OPEN_FILE, "utf8"),
};
const api = {
  Disposable,
  EventEmitter,
  Uri,
  CancellationTokenSource,
  CodeActionKind: Kind,
  version: "1.106.0",
  env: { appName: "double", language: "en" },
  commands: room({}),
  workspace: room({
    textDocuments: [document],
    notebookDocuments: [],
    workspaceFolders: undefined,
    isTrusted: true,
    createFileSystemWatcher: quiet,
    getConfiguration: () => ({ get: (name, otherwise) => (name === "path" ? process.env.FLOE_PROGRAM : otherwise) }),
  }),
  window: room({
    tabGroups: { all: [], onDidChangeTabs: nothing, onDidChangeTabGroups: nothing },
    visibleTextEditors: [],
    activeTextEditor: undefined,
    createOutputChannel: quiet,
    showErrorMessage: async (text) => console.log(`told ${text.replaceAll("\n", " ")}`),
  }),
  languages: room({
    match: (selector, opened) => (selector.some((each) => each.language === opened.languageId) ? 10 : 0),
    createDiagnosticCollection: () =>
      room({ set: (uri, problems) => console.log(`problems ${problems.map((each) => each.code).join(" ")}`) }),
  }),
};
module.exports = new Proxy(api, { get: (known, name) => known[name] ??= class extends Thing {} });
