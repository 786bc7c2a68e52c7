// Sends the answer back to the app by itself; without script, a button does.
const form = document.getElementById("response-form");
if (form instanceof HTMLFormElement) form.submit();
