// Starts `floe lsp` and lets VS Code talk to it; everything that is said of a file is the server's.
"use strict";

const { commands, window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const LANGUAGES = ["yaml", "sql", "jinja-sql", "jinja-yaml"]; // the last two are other dbt extensions'
const WATCHED = "**/{floe.yaml,manifest.yaml,dbt_project.yml}";

let client;

function start() {
  const program = workspace.getConfiguration("floe").get("path") || "floe";
  const made = new LanguageClient(
    "floe",
    "floe",
    { command: program, args: ["lsp"] },
    {
      documentSelector: LANGUAGES.map((language) => ({ scheme: "file", language })),
      synchronize: { fileEvents: workspace.createFileSystemWatcher(WATCHED) },
    },
  );
  client = made;
  return made.start().catch(() => {
    // The client has shown why; this is what to do.
    window.showErrorMessage(
      `floe: ${program} did not start. Install it with pip install 'floe-workbench[lsp]', ` +
        "or name the program in the setting floe.path.",
    );
  });
}

function stop() {
  const running = client;
  client = undefined;
  return running ? running.dispose().catch(() => undefined) : Promise.resolve(); // it may never have started
}

async function restart() {
  await stop();
  await start();
}

exports.activate = (context) => {
  context.subscriptions.push(
    commands.registerCommand("floe.restart", restart),
    workspace.onDidChangeConfiguration((change) => change.affectsConfiguration("floe.path") && restart()),
  );
  return start();
};

exports.deactivate = stop;
