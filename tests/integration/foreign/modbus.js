// A Modbus master by modbus-serial: a request per line of standard input, a result per line of output.
// {"unit": 2, "call": "readCoils", "with": [0, 1]} -> {"data": [true]} or {"exception": 2}
"use strict";
const readline = require("readline");
const ModbusRTU = require("modbus-serial");

(async () => {
  const [host, port] = process.argv.slice(2);
  const master = new ModbusRTU();
  await master.connectTCP(host, { port: Number(port) });
  master.setTimeout(5000);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { unit, call, with: values } = JSON.parse(line);
    master.setID(unit);
    let result;
    try {
      const { buffer, ...reply } = await master[call](...values);
      result = reply;
    } catch (error) {
      result = { exception: error.modbusCode ?? null, text: error.message };
    }
    console.log(JSON.stringify(result));
  }
  master.close(() => {});
})();
