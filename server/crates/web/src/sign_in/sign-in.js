// Signs in with the code of a link, which is in the fragment of the address and so in no log. If a browser is signed in but
// came from another site, and so sent no cookie, it opens the page again.
const base = document.querySelector("meta[name='headcount-base']").content;
const said = document.getElementById("said");
const session = `${base}api/session`;
const code = new URLSearchParams(location.hash.slice(1)).get("code");
const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";

if (code) {
  // The code works only once, so it is removed from the history.
  history.replaceState(null, "", location.pathname);
  said.textContent = "Signing in…";
  const answer = await fetch(session, { method: "POST", body: JSON.stringify({ code }) }).catch(() => null);
  if (answer?.ok) {
    location.replace(base);
  } else {
    said.textContent = answer === null ? "The program does not answer."
      : "This link has been used, or it is older than five minutes. The command headcount sign-in, with the flags of the program, prints a new one.";
  }
} else if (location.pathname !== `${base}sign-in` && !isReload) {
  const answer = await fetch(session).catch(() => null);
  if (answer?.ok) location.reload();
}
