// SPDX-License-Identifier: Apache-2.0
// A client of the Runtime API in nothing but Node: the handler is below.
'use strict';
const http = require('http');

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let calls = 0;

function call(method, path, headers, body) {
	return new Promise((resolve, reject) => {
		const request = http.request({ host, port, agent, method, headers,
			path: '/2018-06-01/runtime/' + path }, (response) => {
			const pieces = [];
			response.on('data', (piece) => pieces.push(piece));
			response.on('end', () => resolve({
				status: response.statusCode,
				headers: response.headers,
				body: Buffer.concat(pieces).toString() }));
		});
		request.on('error', reject);
		request.end(body);
	});
}

async function handler(event, context) {
	if (event.error)
		throw new RangeError(event.error);
	return { event, calls: ++calls, id: context.id,
		left: Number(context.deadline) - Date.now() };
}

async function main() {
	for (;;) {
		const next = await call('GET', 'invocation/next');
		const id = next.headers['lambda-runtime-aws-request-id'];
		const deadline = next.headers['lambda-runtime-deadline-ms'];
		let verb = 'response', headers = {}, body;
		try {
			body = await handler(JSON.parse(next.body), { id, deadline });
		} catch (error) {
			verb = 'error';
			headers['Lambda-Runtime-Function-Error-Type'] = error.name;
			body = { errorType: error.name, errorMessage: error.message,
				stackTrace: error.stack.split('\n').slice(1) };
		}
		await call('POST', `invocation/${id}/${verb}`, headers,
			JSON.stringify(body));
	}
}

main().catch((error) => {
	console.error(error);
	process.exit(1);
});
