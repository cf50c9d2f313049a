// What moves on the desk, each in a file of its own. Every page works without it.
import "./keys";
import "./live";
import "./graph-view";
import "./verify-progress";
import "./passkey";
import "./suggest";
import "./notice";
