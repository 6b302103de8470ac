// Bootstrap's components, as Tabler ships them; they start by themselves from data-bs-toggle. Plain JavaScript, so that
// our stricter type checks do not reach into their sources.
import "@tabler/core/js/src/bootstrap/collapse";
import "@tabler/core/js/src/bootstrap/dropdown";
import "@tabler/core/js/src/bootstrap/modal";
import "@tabler/core/js/src/bootstrap/offcanvas";
