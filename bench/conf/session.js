async function initialize(r) {
    const session = JSON.parse(r.requestText || '{}');
    session.streamId = String(1 + Math.floor(Math.random() * 3));
    const answer = await r.subrequest(r.uri.slice('/session-initializer'.length), {
        method: 'POST',
        args: r.variables.args || '',
        body: JSON.stringify(session),
    });
    r.headersOut['Content-Type'] = 'application/json';
    r.return(answer.status, answer.responseText);
}

export default { initialize };
