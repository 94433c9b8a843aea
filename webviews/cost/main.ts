/** Entry of the cost page. */
import { registerControls } from '../kit/controls';
import { CostApp } from './app';
import './cost.css';

registerControls();
new CostApp();
