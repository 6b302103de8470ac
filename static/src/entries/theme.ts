// Sets light or dark before the first paint. Loaded without `defer`, in <head>: the policy forbids inline scripts.
import { applyTheme, savedTheme } from "../components/theme";

applyTheme(savedTheme());
