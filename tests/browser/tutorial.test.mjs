import { worksBehindTheGate } from "./compare.mjs";
import { journey } from "./tutorial.mjs";

worksBehindTheGate("tutorial", journey);
