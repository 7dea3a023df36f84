// The page is the workbench: its keys go there without a click, as soon as it has drawn something. What is
// said to it of the focus before that is overtaken by its start.
new MutationObserver((_, observer) => {
  if (document.body.classList.contains("-first-byte")) {
    observer.disconnect();
    document.querySelector(".xterm-helper-textarea").focus();
  }
}).observe(document, { attributes: true, attributeFilter: ["class"], subtree: true });
